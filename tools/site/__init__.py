"""The whole course as web pages that open from disk: no server, no network, no kernel."""
