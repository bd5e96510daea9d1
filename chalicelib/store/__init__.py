"""The storage kit: tables, connection, reads, transactions, ids, keys, index scans and pages. It knows no business rules."""
