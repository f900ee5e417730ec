using System.Collections.Concurrent;
using Strata.Core;

namespace Strata.Runtimes;

/// <summary>The runs of one runtime: a folder each, below one root.</summary>
internal sealed class RunTable(string root, MemoryFiles memory, TimeProvider time)
{
    private const int RemoveTries = 5;

    private readonly ConcurrentDictionary<string, RunFolder> runs = new();

    public IReadOnlyList<RunState> List() => [.. runs.Values.Select(run => run.State())];

    public RunFolder? Find(string id) => runs.GetValueOrDefault(id);

    /// <summary>Reads what a former life left; folders of interrupted starts are deleted.</summary>
    public IReadOnlyList<RunFolder> Adopt()
    {
        foreach (var path in Directory.Exists(root) ? Directory.GetDirectories(root) : [])
        {
            if (RunFolder.Open(path, memory, time) is { } run) runs[run.Id] = run;
            else Directory.Delete(path, recursive: true);
        }
        memory.Sweep(runs.Values.Select(run => run.Path));
        return [.. runs.Values];
    }

    /// <summary>An empty folder for a new run; the caller fills it, saves the run and then calls <see cref="Add"/>.</summary>
    public Result<string> Create(string id)
    {
        if (!IsValidId(id)) return new Error(ErrorKind.Invalid, "INVALID_RUN_ID", $"\"{id}\" cannot be the id of a run.");
        var path = Path.Combine(root, id);
        if (runs.ContainsKey(id)) return new Error(ErrorKind.Conflict, "RUN_EXISTS", $"{id} is already there.", "Remove it first.");
        if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
        memory.Remove(path);
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    public RunFolder Add(string path, RunFile file)
    {
        var run = new RunFolder(path, memory, time) { File = file };
        run.Save();
        runs[file.Id] = run;
        return run;
    }

    public Result<RunState> Restart(string id) =>
        Find(id) is { } run ? run.Restart() : new Error(ErrorKind.NotFound, "NOT_FOUND", $"There is no run {id} on this node.");

    public void Remove(RunFolder run)
    {
        runs.TryRemove(run.Id, out _);
        memory.Remove(run.Path);
        for (var tries = RemoveTries; Directory.Exists(run.Path); tries--)
        {
            try
            {
                Directory.Delete(run.Path, recursive: true);
            }
            catch (IOException) when (tries > 0)
            {
                // Someone else took a file of it away, or a shim that has just been killed wrote its last line into it, while it was being
                // deleted.
            }
        }
    }

    private static bool IsValidId(string id) =>
        id.Length is > 0 and <= 63 && char.IsAsciiLetterOrDigit(id[0]) && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');
}
