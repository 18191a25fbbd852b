"""Plain JavaScript and CSS for pictures that live without a kernel; `optlib.live.page` embeds them."""
