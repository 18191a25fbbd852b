"""Lectures and handouts from the notebooks: one file for each deck, and PDFs of decks and notebooks."""
