"""What makes the ports real: sockets, HTTP, the exchanges' codecs."""
