namespace Strata.Edge.Sites;

/// <summary>
/// The disk space of the unpacked sites, at most a number of bytes. When it is full, the sites that were used longest ago are deleted.
/// <para>Invariants: a folder in the books is complete. One that a request reads, or that is being loaded, is not deleted. What is still
/// being unpacked counts once it is complete; where no room can be made for it, it is refused.</para>
/// Thread-safe.
/// </summary>
/// <param name="bytesMax">0: a quarter of the disk.</param>
internal sealed class SiteSpace(string folder, long bytesMax, TimeProvider time)
{
    private static readonly TimeSpan UnusedMax = TimeSpan.FromHours(24);

    private readonly Lock gate = new();
    private Dictionary<string, SiteUse>? books;

    /// <summary>Of all complete sites together.</summary>
    public long Bytes
    {
        get
        {
            lock (gate) return Books().Values.Sum(u => u.Bytes);
        }
    }

    /// <summary>Whether a site of this size can have room at all, whatever is deleted for it.</summary>
    public bool CanHold(string work) => BytesOf(work) <= Max;

    /// <summary>A site that is on the disk, kept there until <see cref="SiteUse.End"/>; null: it is not there.</summary>
    public SiteUse? TryBegin(string name)
    {
        lock (gate) return Books().GetValueOrDefault(name) is { } use && use.TryBegin() ? use : null;
    }

    /// <summary>Takes an unpacked site in, kept there until <see cref="SiteUse.End"/>.</summary>
    /// <param name="work">The folder in which it was unpacked; it is gone afterwards.</param>
    /// <param name="isSpared">Names of sites that are not deleted for this one.</param>
    /// <returns>Null: there is no room.</returns>
    public SiteUse? TryAdmit(string name, string work, Func<string, bool> isSpared)
    {
        var bytes = BytesOf(work);
        var trash = new List<string>();
        try
        {
            lock (gate)
            {
                if (Books().GetValueOrDefault(name) is { } known && known.TryBegin()) return known; // loaded twice at a time
                if (!MakeRoom(bytes, isSpared, trash)) return null;
                var place = Path.Combine(folder, name);
                if (Directory.Exists(place)) trash.Add(MoveAside(place));
                Directory.Move(work, place);
                var use = new SiteUse(bytes, time.GetUtcNow());
                use.TryBegin();
                return Books()[name] = use;
            }
        }
        finally
        {
            trash.ForEach(Delete);
        }
    }

    /// <summary>Deletes what is a day old and no route shows, and what a crash left unfinished.</summary>
    public void Tidy(Func<string, bool> isShown)
    {
        var trash = new List<string>();
        lock (gate)
        {
            foreach (var path in Directory.GetDirectories(folder))
            {
                var name = Path.GetFileName(path);
                if (isShown(name) || time.GetUtcNow() - Directory.GetLastWriteTimeUtc(path) < UnusedMax) continue;
                if (!Books().TryGetValue(name, out var use)) trash.Add(path);
                else if (use.TryRetire()) trash.Add(Retired(name));
            }
        }
        trash.ForEach(Delete);
    }

    private long Max => bytesMax > 0 ? bytesMax : new DriveInfo(folder).TotalSize / 4;

    private bool MakeRoom(long bytes, Func<string, bool> isSpared, List<string> trash)
    {
        var room = Max - bytes - Books().Values.Sum(u => u.Bytes);
        if (room >= 0) return true;
        var idle = Books().Where(e => !isSpared(e.Key) && e.Value.IsIdle).OrderBy(e => e.Value.UsedAt).ToList();
        if (room + idle.Sum(e => e.Value.Bytes) < 0) return false; // no site is dropped for one that does not fit anyway
        foreach (var (name, use) in idle)
        {
            if (!use.TryRetire()) continue;
            trash.Add(Retired(name));
            room += use.Bytes;
            if (room >= 0) return true;
        }
        return false;
    }

    /// <summary>Its folder under another name, from which it is deleted outside of the lock.</summary>
    private string Retired(string name)
    {
        Books().Remove(name);
        return MoveAside(Path.Combine(folder, name));
    }

    private string MoveAside(string place)
    {
        var aside = Path.Combine(folder, $".gone.{Guid.CreateVersion7(time.GetUtcNow()):N}");
        Directory.Move(place, aside);
        return aside;
    }

    /// <summary>Read once from the disk: after a restart a site counts as used when it was unpacked.</summary>
    private Dictionary<string, SiteUse> Books() => books ??= !Directory.Exists(folder)
        ? [] : new DirectoryInfo(folder).EnumerateDirectories()
        .Where(d => d.Name[0] != '.' && File.Exists(Path.Combine(d.FullName, SiteStore.IndexName)))
        .ToDictionary(d => d.Name, d => new SiteUse(BytesOf(d.FullName), d.LastWriteTimeUtc), StringComparer.Ordinal);

    private static long BytesOf(string path) => new DirectoryInfo(path).EnumerateFiles().Sum(f => f.Length);

    /// <summary>What cannot be deleted now goes when it is a day old.</summary>
    private static void Delete(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Tidy tries again.
        }
    }
}

/// <summary>Who uses the folder of a site, and how large it is. Takes no lock.</summary>
internal sealed class SiteUse(long bytes, DateTimeOffset usedAt)
{
    private const int Retired = -1;

    private int users;
    private long ticks = usedAt.UtcTicks;

    public long Bytes => bytes;

    public long UsedAt => Volatile.Read(ref ticks);

    /// <summary>False: its folder is gone.</summary>
    public bool TryBegin()
    {
        for (var now = Volatile.Read(ref users); now != Retired;)
        {
            var was = Interlocked.CompareExchange(ref users, now + 1, now);
            if (was == now) return true;
            now = was;
        }
        return false;
    }

    public void End(DateTimeOffset now)
    {
        Volatile.Write(ref ticks, now.UtcTicks);
        Interlocked.Decrement(ref users);
    }

    /// <summary>Not in use now.</summary>
    public bool IsIdle => Volatile.Read(ref users) == 0;

    /// <summary>True: not in use, and never will be again.</summary>
    public bool TryRetire() => Interlocked.CompareExchange(ref users, Retired, 0) == 0;
}
