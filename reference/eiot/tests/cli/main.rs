//! The program `eiot`, from the outside: every command is a process of its own.

mod ordinary;
mod policy;
mod scene;
mod story;
mod trouble;
