"""What the launcher says when it cannot: Chinese for the bureau, English for the maintainer."""


class PostgresError(RuntimeError):
    """The embedded database cannot do what was asked."""

    def __init__(self, chinese: str, english: str, told: str = "") -> None:
        """`told` is the end of what PostgreSQL itself said."""
        super().__init__("\n".join(filter(None, (f"{chinese} / {english}", told[-2000:].strip()))))


class HomeInUse(PostgresError):
    """Another running process holds this home."""
