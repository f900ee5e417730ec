using System.Net;

namespace Strata.Client;

/// <summary>
/// Sends the token that a file has at the moment. A call that is refused with 401 is sent once more if the file has another token by then:
/// its token was replaced after it was read. While the file cannot be read, the last token that it had is sent.
/// </summary>
internal sealed class TokenFromFile(string path, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private volatile string? last;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var token = await ReadAsync(cancellationToken);
        if (token is not null) request.Headers.Authorization = new("Bearer", token);
        var response = await base.SendAsync(request, cancellationToken);
        if (response.StatusCode != HttpStatusCode.Unauthorized || !MayRepeat(request)) return response;
        var newer = await ReadAsync(cancellationToken);
        if (newer is null || newer == token) return response;
        response.Dispose();
        request.Headers.Authorization = new("Bearer", newer);
        return await base.SendAsync(request, cancellationToken);
    }

    /// <summary>A stream is read once.</summary>
    private static bool MayRepeat(HttpRequestMessage request) => request.Content is null or ReadOnlyMemoryContent;

    private async Task<string?> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var text = (await File.ReadAllTextAsync(path, cancellationToken)).Trim();
            if (text.Length > 0 && text.All(c => c is > ' ' and <= '~')) last = text;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Such as a folder that is being moved: the server says whether the token is still good.
        }
        return last;
    }
}
