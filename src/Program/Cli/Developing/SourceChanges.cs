using System.Threading.Channels;

namespace Strata.Cli.Developing;

/// <summary>
/// Reports changed files in a folder, once for each burst, without what tools make: hidden files, installed packages, build output.
/// </summary>
internal sealed class SourceChanges : IDisposable
{
    private static readonly TimeSpan Burst = TimeSpan.FromMilliseconds(300);
    private static readonly HashSet<string> Made =
        new(StringComparer.Ordinal) { "node_modules", "bin", "obj", "dist", "build", "target", "artifacts", "__pycache__", "venv" };

    private readonly string folder;
    private readonly TimeProvider time;
    private readonly FileSystemWatcher watcher;
    private readonly Channel<string> changed = Channel.CreateBounded<string>(
        new BoundedChannelOptions(64) { FullMode = BoundedChannelFullMode.DropWrite });

    public SourceChanges(string folder, TimeProvider time)
    {
        (this.folder, this.time) = (folder, time);
        watcher = new FileSystemWatcher(folder) { IncludeSubdirectories = true,
            NotifyFilter = NotifyFilters.LastWrite | NotifyFilters.FileName | NotifyFilters.DirectoryName };
        watcher.Changed += (_, e) => Note(e.FullPath);
        watcher.Created += (_, e) => Note(e.FullPath);
        watcher.Deleted += (_, e) => Note(e.FullPath);
        watcher.Renamed += (_, e) => Note(e.FullPath);
        watcher.EnableRaisingEvents = true;
    }

    /// <summary>
    /// A file of the next burst, relative to the folder: one that is there, if any, because editors write others beside it; null:
    /// cancelled.
    /// </summary>
    public async Task<string?> NextAsync(CancellationToken cancellationToken)
    {
        try
        {
            var file = await changed.Reader.ReadAsync(cancellationToken);
            do
            {
                while (changed.Reader.TryRead(out var another)) file = File.Exists(Path.Combine(folder, another)) ? another : file;
                await Task.Delay(Burst, time, cancellationToken);
            }
            while (changed.Reader.TryPeek(out _));
            return file;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    public void Dispose() => watcher.Dispose();

    private void Note(string path)
    {
        var relative = Path.GetRelativePath(folder, path);
        if (relative.Split('/').Any(part => part.StartsWith('.') || Made.Contains(part) || part.EndsWith('~'))) return;
        changed.Writer.TryWrite(relative);
    }
}
