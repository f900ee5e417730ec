using System.Runtime.InteropServices;
using Strata.Client;
using Strata.Core;

using var strata = StrataClient.FromEnvironment(); // STRATA_URL and STRATA_TOKEN, or the cloud that runs on this machine
if (args is ["first-call", .. var names])
{
    try
    {
        await FirstCall.RunAsync(strata, names is [var name, ..] ? name : "Ann");
        return 0;
    }
    catch (StrataException e)
    {
        Console.Error.WriteLine($"{e.Error.Code}: {e.Error.Message}\n  Next: {e.Error.NextStep}");
        return 1;
    }
}

// Runs the member until SIGTERM, which strata dev sends before it starts the member again because a file changed.
using var stop = new CancellationTokenSource();
using var onTerm = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
{
    signal.Cancel = true;
    stop.Cancel();
});
Console.WriteLine("serving");
await new ComputeMember(strata, new MemberOptions { Tags = ["$name$"] }, new Handlers()).RunAsync(stop.Token);
return 0;
