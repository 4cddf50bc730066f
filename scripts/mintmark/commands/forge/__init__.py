"""The verbs that a forge's workflows run."""
