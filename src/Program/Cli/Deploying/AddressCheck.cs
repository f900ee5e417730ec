using Strata.Cli.Shell;
using DeploymentResource = Strata.Core.Resource<Strata.Contracts.DeploymentSpec, Strata.Contracts.DeploymentStatus>;

namespace Strata.Cli.Deploying;

/// <summary>
/// Waits a moment until the edge leads a deployment's address to it, so that an address that is printed works. The edge hears of a change a
/// little after it happened. Whatever the application itself answers will do; an edge that cannot be reached from here is nothing to wait
/// for.
/// </summary>
internal static class AddressCheck
{
    private const string EdgeErrorHeader = "X-Strata-Error";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(30);
    private static readonly string[] NotYet = ["HOST_UNKNOWN", "NO_INSTANCE", "SITE_UNAVAILABLE", "INSTANCE_UNREACHABLE"];

    public static async Task WaitAsync(Run run, DeploymentResource deployment, CancellationToken cancellationToken)
    {
        if (deployment.Status.Url is not { } url || deployment.Spec.Run.Replicas == 0) return;
        if (!Uri.TryCreate(url, UriKind.Absolute, out var served) || served.Scheme is not ("http" or "https")) return;
        // Where the application redirects to is nothing that this machine should call.
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = Patience };
        var address = new UriBuilder(served);
        var host = address.Uri.Authority;
        // Not every system resolves *.localhost, so the edge is asked at the address of its server.
        address.Host = new Uri(run.Context.Server).Host;
        try
        {
            for (var end = run.Now + Patience; run.Now < end && await IsNotYetAsync(http, address.Uri, host, cancellationToken);)
                await Task.Delay(Pause, run.Terminal.Time, cancellationToken);
        }
        catch (Exception e)
            when (e is HttpRequestException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // Not reachable from here, or the application takes its time: neither is ours to judge.
        }
    }

    private static async Task<bool> IsNotYetAsync(HttpClient http, Uri address, string host, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, address);
        request.Headers.Host = host;
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        return answer.Headers.TryGetValues(EdgeErrorHeader, out var codes) && NotYet.Contains(codes.First());
    }
}
