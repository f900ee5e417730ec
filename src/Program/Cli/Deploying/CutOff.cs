using Strata.Cli.Cloud;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Core;

namespace Strata.Cli.Deploying;

/// <summary>What the cloud does on by itself when a command that waits for it is cut off.</summary>
/// <param name="Sentence">Such as <c>The deploy of shop-3 goes on.</c></param>
/// <param name="NextStep">How to follow it, and to end it.</param>
internal sealed record OngoingWork(string Sentence, string NextStep);

/// <summary>Commands that start work and wait for its end. Where Ctrl-C, or a server that goes away, cuts off the wait, they say that the work goes on.</summary>
internal static class CutOff
{
    /// <param name="ongoing">What goes on at this moment; null: nothing was started yet.</param>
    public static async Task<int> RunAsync(Run run, Func<OngoingWork?> ongoing, Func<Task<int>> work, CancellationToken cancellationToken)
    {
        try
        {
            return await work();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested && ongoing() is not null)
        {
            var left = ongoing()!;
            run.Terminal.Error.WriteLine(run.Hint($"Not waiting any more. {left.Sentence} {left.NextStep}"));
            return CommandRunner.Interrupted;
        }
        catch (StrataException e) when (IsLoss(e.Error) && ongoing() is not null)
        {
            var (left, error) = (ongoing()!, LocalCloud.Explain(run, e.Error));
            ErrorText.Write(run, error with { Message = $"{error.Message} {left.Sentence}", NextStep = $"{left.NextStep} {error.NextStep}".TrimEnd() });
            return ErrorText.ExitCode(error);
        }
    }

    /// <summary>Whether the wait failed and not the work.</summary>
    private static bool IsLoss(Error error) =>
        error.Code is ClientErrors.ServerUnreachable or ClientErrors.ConnectionLost or ClientErrors.ServerTimeout || error is { Kind: ErrorKind.Unavailable, Retryable: true };
}
