class Results: pass
def load(x): pass
