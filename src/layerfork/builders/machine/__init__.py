"""The machine itself: programs, settings and places that decide what builds become. Changes nothing."""
