"""SQLAlchemy with aiosqlite: tables, sessions of several tasks, a rollback. aiosqlite runs each connection in a thread."""

import asyncio

from sqlalchemy import ForeignKey, func, select
from sqlalchemy.ext.asyncio import AsyncAttrs, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(AsyncAttrs, DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "author"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    books: Mapped[list["Book"]] = relationship(back_populates="author", order_by="Book.id")


class Book(Base):
    __tablename__ = "book"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    author_id: Mapped[int] = mapped_column(ForeignKey("author.id"))
    author: Mapped[Author] = relationship(back_populates="books")


async def main() -> None:
    engine = create_async_engine("sqlite+aiosqlite://")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    turn = asyncio.Lock()

    async def write(number: int) -> None:
        async with turn, sessions.begin() as session:
            session.add(Author(name=f"author {number}", books=[Book(title=f"book {number}.{volume}") for volume in range(number)]))

    await asyncio.gather(*(write(number) for number in range(4)))
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(Book)) == 6
        author = (await session.scalars(select(Author).where(Author.name == "author 3"))).one()
        assert [book.title for book in await author.awaitable_attrs.books] == ["book 3.0", "book 3.1", "book 3.2"]
    async with sessions() as session:
        session.add(Author(name="forgotten"))
        await session.flush()
        await session.rollback()
        assert await session.scalar(select(func.count()).select_from(Author)) == 4
    await engine.dispose()
