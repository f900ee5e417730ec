using System.Runtime.InteropServices;
using Strata.Client;

// Runs the member until SIGTERM, which strata dev sends before it starts the member again because a file changed.
using var stop = new CancellationTokenSource();
using var onTerm = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
{
    signal.Cancel = true;
    stop.Cancel();
});
using var strata = StrataClient.FromEnvironment(); // STRATA_URL and STRATA_TOKEN
Console.WriteLine("serving");
await new ComputeMember(strata, new MemberOptions { Tags = ["$name$"] }, new Handlers()).RunAsync(stop.Token);
