using System.Diagnostics;
using Strata.Core;
using Strata.Deployments.Source;
using Strata.Runtimes.Sandbox;

namespace Strata.Deployments.Build.Docker;

/// <summary>
/// The program <c>docker</c> of this machine. It gets what it needs to find its engine (DOCKER_HOST and the like) and nothing else of this
/// process's environment.
/// </summary>
internal sealed class DockerCli(string program)
{
    private const int LineCharsMax = 4096;
    private const long LogBytesMax = 4L << 20;

    private static readonly string[] Passed =
        ["PATH", "HOME", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "DOCKER_API_VERSION",
            "DOCKER_BUILDKIT", "XDG_RUNTIME_DIR"];

    /// <summary>Null where it is not installed.</summary>
    public static DockerCli? Find()
    {
        var path = Environment.GetEnvironmentVariable("PATH") ?? "/usr/local/bin:/usr/bin:/bin";
        return path.Split(':').Select(x => Path.Combine(x, "docker")).FirstOrDefault(File.Exists) is { } program
            ? new DockerCli(program) : null;
    }

    /// <returns>Its exit code and the end of what it said.</returns>
    public Task<ProcessEnd> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
        BareCommand.RunAsync(program, arguments, "/", Surroundings(), cancellationToken);

    /// <summary>
    /// Passes on each line of output, both streams in order of arrival. When cancelled, it is killed, and its engine then ends the work
    /// too.
    /// </summary>
    public async Task<int> FollowAsync(IReadOnlyList<string> arguments, Action<string> onLine, CancellationToken cancellationToken)
    {
        using var process = Start(arguments);
        await using var kill = cancellationToken.Register(() => process.Kill(entireProcessTree: true));
        await Task.WhenAll(PumpAsync(process.StandardOutput.BaseStream, onLine), PumpAsync(process.StandardError.BaseStream, onLine));
        await process.WaitForExitAsync(CancellationToken.None);
        cancellationToken.ThrowIfCancellationRequested();
        return process.ExitCode;
    }

    /// <summary>Streams its standard output, and fails if the program fails; it is killed if the reader stops early.</summary>
    public async Task<Result<Done>> ReadAsync(
        IReadOnlyList<string> arguments, Func<Stream, Task<Result<Done>>> readAsync, CancellationToken cancellationToken)
    {
        using var process = Start(arguments);
        var complaint = "";
        var errors = PumpAsync(process.StandardError.BaseStream, x => complaint = x);
        try
        {
            var read = await readAsync(process.StandardOutput.BaseStream);
            if (!read.IsOk) return read;
            await errors;
            await process.WaitForExitAsync(cancellationToken);
            return process.ExitCode == 0 ? default(Done) : BuildErrors.DockerFailed(arguments[0], complaint);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    private Process Start(IReadOnlyList<string> arguments)
    {
        var process = Process.Start(BareCommand.Describe(program, arguments, "/", Surroundings()))!;
        process.StandardInput.Close();
        return process;
    }

    private static async Task PumpAsync(Stream output, Action<string> onLine)
    {
        var splitter = new LineSplitter(onLine, LineCharsMax, LogBytesMax);
        var buffer = new byte[16 * 1024];
        while (await output.ReadAsync(buffer, CancellationToken.None) is > 0 and var read) splitter.Add(buffer.AsSpan(0, read));
        splitter.Flush();
    }

    private static Dictionary<string, string> Surroundings()
    {
        var environment = new Dictionary<string, string> { ["BUILDKIT_PROGRESS"] = "plain", ["NO_COLOR"] = "1" };
        foreach (var name in Passed)
        {
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value) environment[name] = value;
        }
        return environment;
    }
}
