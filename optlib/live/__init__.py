"""Pictures that move: players and sliders, which stay alive in a stored notebook without a kernel."""
