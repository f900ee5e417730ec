using System.Runtime.InteropServices;
using Strata.Cli;
using Strata.Cli.Shell;

using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
return await StrataCommand.RunAsync(args, Terminal.OfProcess(), stop.Token);

// The first signal asks the command to end in order; a second one ends the program at once.
void Stop(PosixSignalContext signal)
{
    signal.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
}
