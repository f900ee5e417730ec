using System.Runtime.InteropServices;
using Strata.Client;

// Runs the member until it is told to stop: strata dev does so, and starts it again when a file changes.
using var stop = new CancellationTokenSource();
using var signal = PosixSignalRegistration.Create(PosixSignal.SIGTERM, told =>
{
    told.Cancel = true;
    stop.Cancel();
});
using var strata = StrataClient.FromEnvironment(); // STRATA_URL and STRATA_TOKEN
Console.WriteLine("serving");
await new ComputeMember(strata, new MemberOptions { Tags = ["$name$"] }, new Handlers()).RunAsync(stop.Token);
