using System.Collections;

namespace Strata.Entities.Log;

/// <summary>
/// One page of a read. It ends when its rows or its bytes are reached, so a page shorter than its limit is not the last one for that
/// reason: ask <see cref="IsLast"/>. Holds at least one revision unless nothing is left. Immutable.
/// </summary>
/// <param name="revisions">In the order of the read.</param>
/// <param name="isLast">Nothing follows. False where something may follow.</param>
public sealed class RevisionPage(IReadOnlyList<EntityRevision> revisions, bool isLast) : IReadOnlyList<EntityRevision>
{
    public bool IsLast => isLast;

    public int Count => revisions.Count;

    public EntityRevision this[int index] => revisions[index];

    public IEnumerator<EntityRevision> GetEnumerator() => revisions.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>
/// How much one page may hold. The revision that reaches the bytes is the last of its page, so a page is larger by one document at most.
/// </summary>
/// <param name="Rows">1 and up.</param>
/// <param name="Bytes">Of documents and audit events, as UTF-8 text.</param>
public readonly record struct PageSize(int Rows, long Bytes = PageSize.BytesDefault)
{
    public const long BytesDefault = 4L << 20;

    public static implicit operator PageSize(int rows) => new(rows);
}
