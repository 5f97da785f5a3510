"""The first page: what runs, where the documents are, the ledger as it moves; and the API's documents."""
