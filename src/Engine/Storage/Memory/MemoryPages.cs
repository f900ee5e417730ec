using Strata.Entities.Log;

namespace Strata.Storage.Memory;

/// <summary>Cuts what was read to a page.</summary>
internal static class MemoryPages
{
    public static RevisionPage Take(IEnumerable<EntityRevision> revisions, PageSize size)
    {
        var page = new List<EntityRevision>();
        var bytes = 0L;
        foreach (var revision in revisions)
        {
            page.Add(revision);
            bytes += revision.Document.Utf8.Length;
            if (page.Count >= size.Rows || bytes >= size.Bytes) return new RevisionPage(page, isLast: false);
        }
        return new RevisionPage(page, isLast: true);
    }
}
