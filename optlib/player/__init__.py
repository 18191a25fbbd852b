"""Plain JavaScript and CSS for pictures that live without a kernel; `optlib.explorables.page` embeds them."""
