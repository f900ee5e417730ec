using System.Globalization;
using System.Text.Json;
using Strata.Core;
using Strata.Server.Options;

namespace Strata.Server.Hosting;

/// <summary>What a running cloud says of itself in its data folder.</summary>
/// <param name="HttpUrl">Of its edge; null: it has none.</param>
/// <param name="Ready">False while it still starts.</param>
/// <param name="End">How it ended; null while it runs, and where it had no time to say so.</param>
public sealed record RunningCloud(
    int Pid, string Version, Uri ApiUrl, Uri? HttpUrl, DateTimeOffset StartedAt, bool Ready, ServerEnd? End = null);

/// <param name="Asked">Whether it was requested: <c>strata down</c>, Ctrl-C, a signal.</param>
public sealed record ServerEnd(DateTimeOffset At, bool Asked);

/// <summary>
/// One server per data folder: a lock that the kernel releases with the process, however that ends. The holder describes itself in a file
/// beside it; that file counts only while the lock is held. It stays behind when the holder ends: <see cref="LastServer"/> reads from it
/// how that was. A holder that was never ready leaves the file of the server before it as it was.
/// </summary>
public sealed class HomeLock : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const int Attempts = 200;

    private readonly FileStream file;
    private readonly HomeLayout home;
    private RunningCloud? published;

    private HomeLock(FileStream file, HomeLayout home) => (this.file, this.home) = (file, home);

    /// <exception cref="StrataException">DATA_FOLDER_IN_USE, DATA_FOLDER_NOT_WRITABLE, DATA_FOLDER_NOT_PRIVATE.</exception>
    public static HomeLock Take(HomeLayout home)
    {
        try
        {
            home.Create();
            var held = new HomeLock(Open(home), home);
            try
            {
                if (File.Exists(home.StateFile)) File.Move(home.StateFile, home.LastStateFile, overwrite: true);
                return held;
            }
            catch
            {
                held.file.Dispose();
                throw;
            }
        }
        catch (UnauthorizedAccessException e)
        {
            throw ServerErrors.HomeNotWritable(home.Root, e.Message).ToException();
        }
        catch (IOException e)
        {
            throw (IsHeld(home) ? ServerErrors.HomeInUse(home.Root, Find(home)) : ServerErrors.HomeNotWritable(home.Root, e.Message))
                .ToException();
        }
    }

    /// <summary>
    /// Another command may be probing the lock, for microseconds: a few attempts distinguish it from a server that keeps it.
    /// </summary>
    private static FileStream Open(HomeLayout home)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None,
            UnixCreateMode = OwnerOnly };
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return new FileStream(home.LockFile, options);
            }
            catch (IOException) when (attempt < Attempts)
            {
                Thread.Yield();
            }
        }
    }

    /// <summary>
    /// What a server wrote last, without touching the lock: for callers that wait for a server that is just starting, which a probe of the
    /// lock could make fail. It counts only while its process lives.
    /// </summary>
    public static RunningCloud? Peek(HomeLayout home)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(home.StateFile), WireJson.Of<RunningCloud>());
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes the state file, which shows other processes what runs here.</summary>
    public void Publish(RunningCloud cloud)
    {
        File.WriteAllBytes(home.StateFile + ".new", JsonSerializer.SerializeToUtf8Bytes(cloud, WireJson.Of<RunningCloud>()));
        File.Move(home.StateFile + ".new", home.StateFile, overwrite: true);
        published = cloud;
        if (cloud.Ready) File.Delete(home.LastStateFile);
    }

    /// <summary>A heartbeat: the file's time is when the server was last seen.</summary>
    public void Touch(DateTimeOffset now) => File.SetLastWriteTimeUtc(home.StateFile, now.UtcDateTime);

    /// <summary>Records how a server that was ready has ended; dispose next.</summary>
    /// <returns>What kept it from being written, such as a full disk; null: nothing.</returns>
    public Exception? PublishEnd(ServerEnd end)
    {
        try
        {
            if (published is { Ready: true } cloud) Publish(cloud with { End = end });
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e;
        }
    }

    /// <summary>The cloud that runs in a data folder, or null.</summary>
    public static RunningCloud? Find(HomeLayout home)
    {
        try
        {
            return IsHeld(home) ? JsonSerializer.Deserialize(File.ReadAllBytes(home.StateFile), WireJson.Of<RunningCloud>()) : null;
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return null; // It is just starting or just ending.
        }
    }

    /// <summary>
    /// Processes that hold the lock of a run folder which was deleted under them: they run, but no file shows it any more.
    /// </summary>
    public static IReadOnlyList<int> FindWithoutFolder(HomeLayout home)
    {
        var gone = home.LockFile + " (deleted)";
        return [.. Directory.GetDirectories("/proc").Select(Path.GetFileName)
            .Where(x => int.TryParse(x, CultureInfo.InvariantCulture, out _))
            .Where(pid => Holds($"/proc/{pid}/fd", gone)).Select(x => int.Parse(x!, CultureInfo.InvariantCulture))];
    }

    private static bool Holds(string folder, string file)
    {
        try
        {
            return Directory.GetFileSystemEntries(folder).Any(x => File.ResolveLinkTarget(x, returnFinalTarget: false)?.ToString() == file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // it has ended, or belongs to another user
        }
    }

    public static bool IsHeld(HomeLayout home)
    {
        if (!File.Exists(home.LockFile)) return false;
        try
        {
            using var probe = new FileStream(home.LockFile, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Deletes what this holder wrote, unless it says how a server ended. The lock is given up whatever the disk says.</summary>
    public void Dispose()
    {
        try
        {
            if (published is { Ready: true, End: null } or { Ready: false }) File.Delete(home.StateFile);
            if (published is null or { Ready: false } && File.Exists(home.LastStateFile)) File.Move(home.LastStateFile, home.StateFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next holder sets the file aside.
        }
        finally
        {
            file.Dispose();
        }
    }
}
