using System.Text.RegularExpressions;

namespace Strata.Deployments.Build.Docker;

/// <summary>Whether images can be built from Dockerfiles here.</summary>
/// <param name="Name">For example <c>Docker 20.10.24</c>; null: they cannot.</param>
/// <param name="Missing">Why not, as a clause without a full stop.</param>
internal sealed partial record DockerEngine(string? Name, string Missing = "")
{
    public static readonly DockerEngine NoAnswer = new(null, "no Docker engine answers on this machine");

    public static readonly DockerEngine NoUse = new(null, "this machine starts instances as plain processes, which cannot run an image");

    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(2);

    /// <summary>Probes the engine; one that does not answer within two seconds is treated as missing.</summary>
    public static async Task<DockerEngine> FindAsync(CancellationToken cancellationToken)
    {
        if (DockerCli.Find() is not { } docker) return NoAnswer;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(AnswerTime);
        try
        {
            var end = await docker.RunAsync(["version", "--format", "{{.Server.Version}}"], limit.Token);
            return end.ExitCode == 0 && Version().Match(end.Words) is { Success: true } found
                ? new DockerEngine($"Docker {found.Value}") : NoAnswer;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return NoAnswer;
        }
    }

    [GeneratedRegex(@"\d+(\.\d+)+")]
    private static partial Regex Version();
}
