using System.Diagnostics;

namespace Strata.Server.Tests.Support;

/// <summary>Makes repositories.</summary>
public static class Git
{
    /// <summary>Puts a folder's files into a new repository, on branch main; the value is the commit.</summary>
    public static async Task<string> CommitAsync(string folder)
    {
        await RunAsync(folder, "init", "-q", "-b", "main");
        await RunAsync(folder, "add", ".");
        await RunAsync(folder, "-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "-q", "-m", "first");
        return (await RunAsync(folder, "rev-parse", "HEAD")).Trim();
    }

    private static async Task<string> RunAsync(string folder, params string[] arguments)
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["-C", folder, .. arguments]) { RedirectStandardOutput = true })!;
        var output = await git.StandardOutput.ReadToEndAsync();
        await git.WaitForExitAsync();
        Assert.Equal(0, git.ExitCode);
        return output;
    }
}
