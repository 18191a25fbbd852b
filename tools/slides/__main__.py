import sys
from pathlib import Path
from .deck import deck
for name in sys.argv[1:]:
    p=Path(name); out=Path('build/slides'); out.mkdir(parents=True,exist_ok=True)
    (out/(p.stem+'.html')).write_text(deck(p))
