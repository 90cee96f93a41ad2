enum BudgetsSeed {}
