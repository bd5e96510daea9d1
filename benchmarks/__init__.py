"""What does it cost: bytes, milliseconds, dollars?"""
