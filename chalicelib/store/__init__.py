"""Storage: tables, reads, transactions, ids, index scans and pagination over DynamoDB. It contains no business rules."""
