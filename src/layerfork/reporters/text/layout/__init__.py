"""Lines laid out: styled, wrapped, in columns."""
