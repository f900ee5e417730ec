using System.Runtime.InteropServices;
using Strata.Cli;
using Strata.Cli.Shell;

const int terminated = 143;
using var stop = new CancellationTokenSource();
PosixSignal? first = null;
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
var code = await StrataCommand.RunAsync(args, Terminal.OfProcess(), stop.Token);
// Ctrl-C is 130 for every command, also for one that it ends in order; systemd, which sends SIGTERM, takes 0 for such an end.
return (first, code) switch
{
    (PosixSignal.SIGINT, CommandRunner.Done) => CommandRunner.Interrupted,
    (PosixSignal.SIGTERM, CommandRunner.Interrupted) => terminated,
    _ => code,
};

// The first signal asks the command to end in order; a second one ends the program at once.
void Stop(PosixSignalContext signal)
{
    signal.Cancel = !stop.IsCancellationRequested;
    first ??= signal.Signal;
    stop.Cancel();
}
