"""What the notebooks add to the rules: cards, the cheat sheet, exercises with instant feedback, tables of claims."""
