using System.Text;
using System.Text.Json;
using Strata.Core;
using Strata.Server.Options;

namespace Strata.Cli.Context;

/// <summary>
/// The clouds that the command line knows, in <c>STRATA_HOME/context.json</c>, readable by its owner only. The current one stands at the
/// top of the file, where the client libraries read it too. Unchangeable; a change makes others, which are then saved.
/// </summary>
internal sealed class Contexts
{
    public const string FileName = "context.json";
    public const string InvalidCode = "CONTEXT_INVALID";
    private const int BytesMax = 65_536;
    private const int CountMax = 50;
    private const int WouldBlock = 11; // EWOULDBLOCK
    private static readonly TimeSpan TurnMax = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan TurnPause = TimeSpan.FromMilliseconds(20);

    private Contexts(IReadOnlyList<CliContext> all) => All = all;

    /// <summary>The current one first.</summary>
    public IReadOnlyList<CliContext> All { get; }

    /// <summary>What commands mean that name none; null: there is no context.</summary>
    public CliContext? Current => All.Count > 0 ? All[0] : null;

    /// <summary>That of the cloud which runs in this data folder; null: none was started here.</summary>
    public CliContext? Local => Find(CliContext.LocalName);

    public CliContext? Find(string name) => All.FirstOrDefault(c => c.Name == name);

    /// <exception cref="StrataException">NO_SUCH_CONTEXT.</exception>
    public CliContext Get(string name) => Find(name) ?? throw new Error(
        ErrorKind.NotFound, "NO_SUCH_CONTEXT", $"There is no context \"{name.Shortened(100)}\".",
        (NearestWord.To(name, All.Select(c => c.Name)) is { } meant ? $"Did you mean {meant}? " : "")
        + "\"strata context\" lists them, and \"strata login URL\" adds one.").ToException();

    /// <summary>The first of a server's, the current one before others; null: none is.</summary>
    public CliContext? ForServer(string address) => AllForServer(address).FirstOrDefault();

    public IEnumerable<CliContext> AllForServer(string address) => All.Where(c => CliContext.IsSame(c.Server, address));

    /// <summary>Whether this is the cloud of the data folder, under whatever name.</summary>
    public bool IsLocal(CliContext context) =>
        context.Name == CliContext.LocalName || (Local is { } local && CliContext.IsSame(local.Server, context.Server));

    /// <param name="current">Whether commands mean it from now on.</param>
    /// <exception cref="StrataException">TOO_MANY_CONTEXTS.</exception>
    public Contexts With(CliContext context, bool current)
    {
        var at = All.Index().FirstOrDefault(c => c.Item.Name == context.Name, (Index: All.Count, Item: context)).Index;
        if (at == CountMax) throw TooMany($"There are {CountMax} contexts, which is the most that are kept.").ToException();
        var others = All.Where(c => c.Name != context.Name);
        return new Contexts(current ? [context, .. others] : [.. All.Take(at), context, .. All.Skip(at + 1)]);
    }

    /// <summary>Without the current one, that of this data folder is current, or the next.</summary>
    public Contexts Without(string name)
    {
        var left = new Contexts([.. All.Where(c => c.Name != name)]);
        return Current?.Name == name && left.Local is { } local ? left.With(local, current: true) : left;
    }

    /// <summary>Those of a data folder; none where there is no file.</summary>
    /// <exception cref="StrataException">CONTEXT_INVALID.</exception>
    public static Contexts Read(string home)
    {
        var path = Path.Combine(home, FileName);
        try
        {
            if (!File.Exists(path)) return new Contexts([]);
            // A pipe, whose opening would wait for a writer, has the length 0.
            var read = FileLength.Of(path) is > 0 and <= BytesMax
                ? JsonSerializer.Deserialize(File.ReadAllBytes(path), WireJson.Of<Kept>()) : null;
            var all = read is null ? [] : read.ToAll().ToList();
            return all.Count is > 0 and <= CountMax && all.TrueForAll(IsWhole) && all.DistinctBy(c => c.Name).Count() == all.Count
                ? new Contexts([.. all.Select(c => c with { Source = c.Token is null ? TokenSource.None : TokenSource.File })])
                : throw new JsonException();
        }
        catch (JsonException e)
        {
            var line = e.LineNumber is { } number ? $" (line {number + 1})" : "";
            throw new Error(ErrorKind.Invalid, InvalidCode, $"{path} is not a valid context file{line}.",
                "Move it away, and sign in again: strata login URL. A new token for the cloud of this machine: "
                + "strata down, then strata up --new-admin-token").ToException();
        }
    }

    /// <summary>
    /// Puts a damaged file aside, so that a cloud starts all the same: its applications are more than the sign-ins of a command line.
    /// </summary>
    /// <returns>Where it is now; null: it was not damaged.</returns>
    public static string? PutDamagedAside(string home, DateTimeOffset now)
    {
        try
        {
            Read(home);
            return null;
        }
        catch (StrataException e) when (e.Error.Code == InvalidCode)
        {
            // An earlier one may hold the only copy of a token.
            var aside = Path.Combine(home, $"{FileName}.damaged-{now.UtcDateTime:yyyyMMddTHHmmss}");
            File.Move(Path.Combine(home, FileName), aside);
            return aside;
        }
    }

    /// <summary>Null where they cannot be read, for what can do without.</summary>
    public static Contexts? TryRead(string home)
    {
        try
        {
            return Read(home);
        }
        catch (Exception e) when (e is StrataException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>
    /// Changes what is in the file at that moment; commands that do so at once take turns. Nothing that takes long, or asks, belongs in
    /// <paramref name="change"/>.
    /// </summary>
    /// <exception cref="StrataException">CONTEXT_INVALID, CONTEXT_BUSY, TOO_MANY_CONTEXTS; DATA_FOLDER_NOT_PRIVATE.</exception>
    public static async Task<Contexts> ChangeAsync(
        string home, TimeProvider time, Func<Contexts, Contexts> change, CancellationToken cancellationToken)
    {
        new HomeLayout(home).CreateRoot();
        await using var turn = await TakeTurnAsync(home, time, cancellationToken);
        var before = Read(home);
        var changed = change(before);
        // What stays as it is need not be writable.
        if (!changed.All.SequenceEqual(before.All)) changed.Save(home);
        return changed;
    }

    private static async Task<FileStream> TakeTurnAsync(string home, TimeProvider time, CancellationToken cancellationToken)
    {
        var path = Path.Combine(home, "context.lock");
        if (new FileInfo(path).LinkTarget is not null) File.Delete(path); // what it leads to is not ours
        var options = new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        for (var end = time.GetUtcNow() + TurnMax; ; await Task.Delay(TurnPause, time, cancellationToken))
        {
            try
            {
                return new FileStream(path, options);
            }
            catch (IOException e) when ((e.HResult & 0xFFFF) == WouldBlock) // another command has it
            {
                if (time.GetUtcNow() >= end)
                    throw new Error(ErrorKind.Conflict, "CONTEXT_BUSY", $"Another command has held {path} for {TurnMax.TotalSeconds:0} seconds.",
                        "Wait for that command, or stop it, and try again.").ToException();
            }
        }
    }

    private void Save(string home)
    {
        var path = Path.Combine(home, FileName);
        // A link stays one, and what it leads to is changed.
        var target = new FileInfo(path) is { LinkTarget: not null } link ? link.ResolveLinkTarget(returnFinalTarget: true) : null;
        if (Current is not { } current)
        {
            File.Delete(target?.FullName ?? path);
            return;
        }
        IReadOnlyList<CliContext>? others = All.Count > 1 ? [.. All.Skip(1)] : null;
        var kept = new Kept { Name = current.Name, Server = current.Server, Token = current.Token, Project = current.Project,
            Others = others };
        var text = JsonSerializer.Serialize(kept, WireJson.Of<Kept>());
        // No larger than its readers take, the client libraries among them.
        if (Encoding.UTF8.GetByteCount(text) > BytesMax)
            throw TooMany($"With this token {path} would be larger than {BytesMax / 1024} KiB, which is the most that is read.").ToException();
        AtomicFile.WritePrivate(target?.FullName ?? path, text);
    }

    private static Error TooMany(string message) => new(ErrorKind.Conflict, "TOO_MANY_CONTEXTS", message,
        "Delete one that you do not need: strata context delete NAME");

    // One of a damaged file may be null.
    private static bool IsWhole(CliContext? context) =>
        context is not null && CliContext.IsName(context.Name) && context.Token?.Any(char.IsControl) != true;

    /// <summary>As the file has them.</summary>
    private sealed record Kept
    {
        public string Name { get; init; } = CliContext.LocalName;
        public required string Server { get; init; }
        public string? Token { get; init; }
        public string Project { get; init; } = CliContext.DefaultProject;
        public IReadOnlyList<CliContext>? Others { get; init; }

        public IEnumerable<CliContext> ToAll() =>
            [new CliContext { Name = Name, Server = Server, Token = Token, Project = Project }, .. Others ?? []];
    }
}
