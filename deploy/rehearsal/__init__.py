"""Does the packaged stack work? It is deployed, unchanged, by CloudFormation on an emulator, and used from outside."""
