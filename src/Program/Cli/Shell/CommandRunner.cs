using System.CommandLine;
using Strata.Cli.Cloud;
using Strata.Core;

namespace Strata.Cli.Shell;

/// <summary>Runs a command's work and turns what went wrong into a sentence and an exit code.</summary>
internal static class CommandRunner
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int WrongUsage = 2;

    /// <summary>EX_TEMPFAIL of sysexits.h: a server ended by itself and is to be started again (systemd: Restart=on-failure).</summary>
    public const int StoppedUnasked = 75;

    /// <summary>To the watchdog: somebody else has started a server, so there is nothing left to watch.</summary>
    public const int TakenByAnother = 74;

    /// <summary>128 and the number of SIGINT, as of any program that Ctrl-C ends.</summary>
    public const int Interrupted = 130;
    private const string DebugVariable = "STRATA_DEBUG";

    /// <summary>Gives a command its work; the value is the exit code.</summary>
    /// <param name="serves">It runs until a signal ends it, so that is its success and no interruption.</param>
    public static Command Does(this Command command, Terminal terminal, Func<Run, CancellationToken, Task<int>> work, bool serves = false)
    {
        command.SetAction((parse, cancellationToken) => RunAsync(new Run(parse, terminal), work, serves, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Run run, Func<Run, CancellationToken, Task<int>> work, bool serves, CancellationToken cancellationToken)
    {
        using (run)
        {
            try
            {
                var code = await work(run, cancellationToken);
                return code == Done && !serves && cancellationToken.IsCancellationRequested ? Interrupted : code;
            }
            catch (StrataException e)
            {
                ErrorText.Write(run, LocalCloud.Explain(run, e.Error));
                return ErrorText.ExitCode(e.Error);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return Interrupted;
            }
            catch (IOException e) when (IsBrokenPipe(e))
            {
                return Done; // The reader, such as head, has seen enough.
            }
            catch (Exception e)
            {
                ErrorText.Write(run, Unforeseen(e));
                if (!string.IsNullOrEmpty(Environment.GetEnvironmentVariable(DebugVariable))) await run.Terminal.Error.WriteLineAsync(e.ToString());
                return Failed;
            }
        }
    }

    private static Error Unforeseen(Exception e) => new(
        ErrorKind.Internal, "INTERNAL", $"Strata failed in a way that was not foreseen: {e.Message}", $"Run it again with {DebugVariable}=1 and report what it says.");

    private static bool IsBrokenPipe(IOException e) => (e.HResult & 0xFFFF) == 32;
}
