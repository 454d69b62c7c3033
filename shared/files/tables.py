"""Files and their sealed content. Neither is ever changed: evidence stays what it was."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, Text
from sqlmodel import Field

from shared.db.tables import AreaCodeText, KernelBase, Rows

_OWN = Rows(area="area_code", org="org_id", person="person_id", appended=True)


class StoredFile(KernelBase, table=True):
    """One file of one owner; an owner is a row of the service, named by kind and id.

    Area, organisation and person are those it is shown to; the owner's room decides them, and empty means nobody.
    """

    __tablename__ = "file"
    __scopes__: ClassVar[Rows] = _OWN
    __table_args__: ClassVar[Any] = (
        CheckConstraint("size > 0", name="size"),
        CheckConstraint("length(digest) = 32", name="digest"),
        Index("uq_file_owner_digest", "owner_kind", "owner_id", "digest", unique=True),
        Index("ix_file_owner", "owner_id", "id"),
        Index("ix_file_area", "area_code", "id"),
        Index("ix_file_org", "org_id", "id"),
        Index("ix_file_person", "person_id", "id"),
        {"schema": "kernel"},
    )

    id: str = Field(sa_type=Text, primary_key=True)
    owner_kind: str = Field(sa_type=Text, description="e.g. death_case")
    owner_id: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text, description="what the file is to its owner, e.g. evidence")
    area_code: str = Field(sa_type=AreaCodeText)
    org_id: str = Field(default="", sa_type=Text)
    person_id: str = Field(default="", sa_type=Text)
    name: bytes = Field(sa_type=LargeBinary, description="sealed: people name files after people")
    media_type: str = Field(sa_type=Text, description="by its content")
    size: int = Field(sa_type=Integer, description="bytes in the clear")
    digest: bytes = Field(sa_type=LargeBinary, description="SM3 of the bytes in the clear")
    given_by: str = Field(sa_type=Text, description="account")
    given_at: datetime


class FileContent(KernelBase, table=True):
    """One sealed piece of a file, as the database store keeps it; the rows are shown to whom the file is."""

    __tablename__ = "file_content"
    __scopes__: ClassVar[Rows] = _OWN
    __table_args__: ClassVar[Any] = ({"schema": "kernel"},)

    file_id: str = Field(sa_column_args=[ForeignKey("kernel.file.id")], sa_type=Text, primary_key=True)
    seq: int = Field(primary_key=True)
    area_code: str = Field(sa_type=AreaCodeText)
    org_id: str = Field(default="", sa_type=Text)
    person_id: str = Field(default="", sa_type=Text)
    sealed: bytes = Field(sa_type=LargeBinary)
