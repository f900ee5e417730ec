using System.CommandLine;
using Strata.Cli.Cloud;
using Strata.Cli.Context;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Cli.Shell;

/// <summary>Runs a command's work and turns failures into a message and an exit code.</summary>
internal static class CommandRunner
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int WrongUsage = 2;

    /// <summary>EX_TEMPFAIL of sysexits.h: a server ended by itself and is to be started again (systemd: Restart=on-failure).</summary>
    public const int StoppedUnasked = 75;

    /// <summary>To the watchdog: another process has started a server, so there is nothing left to watch.</summary>
    public const int TakenByAnother = 74;

    /// <summary>128 and the number of SIGINT, as of any program that Ctrl-C ends.</summary>
    public const int Interrupted = 130;
    private const string DebugVariable = "STRATA_DEBUG";

    /// <summary>Gives a command its work; the value is the exit code.</summary>
    /// <param name="serves">It runs until a signal ends it, so that is its success and no interruption.</param>
    /// <param name="createsProject">It may create the project that <c>--project</c> names; every other command requires it to
    /// exist.</param>
    public static Command Does(
        this Command command, Terminal terminal, Func<Run, CancellationToken, Task<int>> work, bool serves = false,
        bool createsProject = false)
    {
        command.SetAction((parse, cancellationToken) =>
            RunAsync(new Run(parse, terminal), createsProject ? work : InProject(work), serves, cancellationToken));
        return command;
    }

    private static Func<Run, CancellationToken, Task<int>> InProject(Func<Run, CancellationToken, Task<int>> work) =>
        async (run, cancellationToken) =>
    {
        if (run.NamesProject && Hints.IsAboutProject(run.Parse)) await RequireProjectAsync(run, cancellationToken);
        return await work(run, cancellationToken);
    };

    private static async Task RequireProjectAsync(Run run, CancellationToken cancellationToken)
    {
        try
        {
            await run.Client.Resources(Plurals.Projects).GetAsync(run.Project, cancellationToken: cancellationToken);
        }
        catch (StrataException e) when (e.Error.Kind == ErrorKind.Forbidden)
        {
            // A token that may not read projects; the command itself is refused where it must be.
        }
    }

    private static async Task<int> RunAsync(
        Run run, Func<Run, CancellationToken, Task<int>> work, bool serves, CancellationToken cancellationToken)
    {
        using (run)
        {
            try
            {
                if (Hints.OfThisMachine(run.Parse) is { } local
                    && run.Parse.GetValue(GlobalOptions.Context) is not (null or CliContext.LocalName))
                    throw UsageErrors.Of($"\"strata {local}\" is about the cloud of this machine, and knows no other context.",
                        "Leave --context out.").ToException();
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
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                ErrorText.Write(run, FileErrors.Of(e));
                return Failed;
            }
            catch (Exception e)
            {
                ErrorText.Write(run, Unforeseen);
                if (!string.IsNullOrEmpty(Environment.GetEnvironmentVariable(DebugVariable)))
                    await run.Terminal.Error.WriteLineAsync(e.ToString());
                return Failed;
            }
        }
    }

    private static Error Unforeseen => new(
        ErrorKind.Internal, "INTERNAL", "Strata failed unexpectedly.", $"Run it again with {DebugVariable}=1 and report the output.");

    private static bool IsBrokenPipe(IOException e) => (e.HResult & 0xFFFF) == 32;
}
