using Strata.Cli.Cloud;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Core;

namespace Strata.Cli.Deploying;

/// <summary>Work that the cloud continues when the command that waits for it is interrupted.</summary>
/// <param name="Sentence">Such as <c>The deploy of shop-3 continues.</c></param>
/// <param name="NextStep">How to follow it, and how to cancel it.</param>
internal sealed record OngoingWork(string Sentence, string NextStep);

/// <summary>
/// Commands that start work and wait for its end. After Ctrl-C, or when the server goes away, they say that the work continues.
/// </summary>
internal static class CutOff
{
    /// <param name="ongoing">What continues at this moment; null: nothing was started yet.</param>
    public static async Task<int> RunAsync(Run run, Func<OngoingWork?> ongoing, Func<Task<int>> work, CancellationToken cancellationToken)
    {
        try
        {
            return await work();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            var text = ongoing() is { } left ? $"Stopped waiting. {left.Sentence} {left.NextStep}" : "Stopped. Nothing was deployed.";
            run.Terminal.Error.WriteLine(TextWidth.Wrap(run.Hint(text), run.Terminal.ErrorWidth, "  "));
            return CommandRunner.Interrupted;
        }
        catch (StrataException e) when (IsLoss(e.Error) && ongoing() is not null)
        {
            var (left, error) = (ongoing()!, LocalCloud.Explain(run, e.Error));
            ErrorText.Write(
                run, error with { Message = $"{error.Message} {left.Sentence}", NextStep = $"{left.NextStep} {error.NextStep}".TrimEnd() });
            return ErrorText.ExitCode(error);
        }
    }

    /// <summary>Whether the wait failed and not the work.</summary>
    private static bool IsLoss(Error error) =>
        error.Code is ClientErrors.ServerUnreachable or ClientErrors.ConnectionLost or ClientErrors.ServerTimeout
            || error is { Kind: ErrorKind.Unavailable, Retryable: true };
}
