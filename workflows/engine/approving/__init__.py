"""Approval policies as data: who may decide what, in how many seats, until when, and who decides for whom."""
