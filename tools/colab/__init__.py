"""Notebooks for Google Colab: the first cell of all notebooks, and copies that bring the package along."""
