"""The networks that DARTS and its successors find: cells from genotypes. Shared by p-darts and pc-darts."""
