using System.Text.Json;
using Strata.Core;

namespace Strata.Cli.Context;

/// <summary>
/// The clouds that the command line knows, in <c>STRATA_HOME/context.json</c>, readable by its owner only. The current one stands at the
/// top of the file, where the client libraries read it too. Unchangeable; a change makes others, which are then saved.
/// </summary>
internal sealed class Contexts
{
    public const string FileName = "context.json";
    private const int BytesMax = 65_536;
    private const int CountMax = 50;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

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
    public CliContext? ForServer(string address) => All.FirstOrDefault(c => CliContext.IsSame(c.Server, address));

    /// <param name="current">Whether commands mean it from now on.</param>
    /// <exception cref="StrataException">TOO_MANY_CONTEXTS.</exception>
    public Contexts With(CliContext context, bool current)
    {
        var at = All.Index().FirstOrDefault(c => c.Item.Name == context.Name, (Index: All.Count, Item: context)).Index;
        if (at == CountMax)
            throw new Error(ErrorKind.Conflict, "TOO_MANY_CONTEXTS", $"There are {CountMax} contexts, which is the most that are kept.",
                "Delete one that you do not need: strata context delete NAME").ToException();
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
            var all = read is null ? [] : read.All.ToList();
            return all.Count is > 0 and <= CountMax && all.TrueForAll(IsWhole) && all.DistinctBy(c => c.Name).Count() == all.Count
                ? new Contexts(all) : throw new JsonException();
        }
        catch (JsonException e)
        {
            var line = e.LineNumber is { } number ? $" (line {number + 1})" : "";
            throw new Error(ErrorKind.Invalid, "CONTEXT_INVALID", $"{path} is not a valid context file{line}.",
                "Delete it; \"strata up\" writes it again, and \"strata login URL\" signs in to another cloud.").ToException();
        }
    }

    /// <summary>The name of the current one; null where there is none, or none can be read.</summary>
    public static string? CurrentName(string home)
    {
        try
        {
            return Read(home).Current?.Name;
        }
        catch (Exception e) when (e is StrataException or IOException or UnauthorizedAccessException)
        {
            return null; // whoever needs the context itself fails by it
        }
    }

    public void Save(string home)
    {
        var path = Path.Combine(home, FileName);
        if (Current is not { } current)
        {
            File.Delete(path);
            return;
        }
        IReadOnlyList<CliContext>? others = All.Count > 1 ? [.. All.Skip(1)] : null;
        var kept = new Kept { Name = current.Name, Server = current.Server, Token = current.Token, Project = current.Project,
            Others = others };
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
        using (var file = new FileStream(path + ".new", options)) JsonSerializer.Serialize(file, kept, WireJson.Of<Kept>());
        File.Move(path + ".new", path, overwrite: true);
    }

    private static bool IsWhole(CliContext context) => CliContext.IsName(context.Name) && context.Token?.Any(char.IsControl) != true;

    /// <summary>As the file has them.</summary>
    private sealed record Kept
    {
        public string Name { get; init; } = CliContext.LocalName;
        public required string Server { get; init; }
        public string? Token { get; init; }
        public string Project { get; init; } = CliContext.DefaultProject;
        public IReadOnlyList<CliContext>? Others { get; init; }

        public IEnumerable<CliContext> All =>
            [new CliContext { Name = Name, Server = Server, Token = Token, Project = Project }, .. Others ?? []];
    }
}
