"""Patterns: several causes of one fork that are one."""
