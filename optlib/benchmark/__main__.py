import argparse,sys
from . import load_protocol, run
p=argparse.ArgumentParser()
p.add_argument("cmd");p.add_argument("--protocol");p.add_argument("--out");p.add_argument("--root");p.add_argument("--minutes",type=float)
a=p.parse_args()
run(load_protocol(a.protocol),a.out,root=a.root,minutes=a.minutes,command="python -m optlib.benchmark run --protocol "+a.protocol, say=lambda s: print(s,flush=True))
