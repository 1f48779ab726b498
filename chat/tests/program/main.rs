//! The real program against a scripted server, in a terminal and in pipes.

mod draft;
mod editor;
mod front;
mod screen;
mod scripts;
mod server;
mod support;
mod terminal;
mod tls;
