"""The command that writes the cheat sheet to files, as `CheatSheet.save` does.

    python -m optlib.cheat_sheet OUT.html OUT.pdf ...
"""

import argparse
import sys
import types

from .course.cheat_sheet import FORMATS, cheat_sheet


def main(arguments=None):
    """Write the sheet of all rules to the files that the command line names."""
    about = cheat_sheet.__doc__.partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m optlib.cheat_sheet", description=about)
    endings = f"a file; its ending decides: {', '.join(FORMATS)} (all but .html are printed by Chromium)"
    parser.add_argument("out", nargs="+", metavar="OUT", help=endings)
    sheet = cheat_sheet()
    for out in parser.parse_args(arguments).out:
        try:
            print(sheet.save(out))
        except (OSError, RuntimeError, ValueError) as error:
            parser.error(str(error))


class _Called(types.ModuleType):
    """`import optlib.cheat_sheet` binds this module to the name of the function, so it can be called as well."""

    def __call__(self, rules=None):
        return cheat_sheet(rules)


sys.modules[__name__].__class__ = _Called

if __name__ == "__main__":
    main()
