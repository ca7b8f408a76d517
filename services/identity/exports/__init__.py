"""Appearances in the languages of editing rooms and players: CMX 3600 EDL, FCPXML 1.10, WebVTT. Pure."""
