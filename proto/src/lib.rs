//! What travels on the sockets.
