"""Changes in a family that change what it is due: members come and go, conditions and incomes are recorded."""
