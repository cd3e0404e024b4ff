"""BuildKit's definition of a build (LLB), from its bytes."""
