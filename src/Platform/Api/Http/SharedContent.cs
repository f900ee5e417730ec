using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Strata.Api.Http;

/// <summary>
/// Content of the program's own that all requests share. It is sent in pieces as the client reads: written at once it would be copied into
/// the buffers of every connection that reads slowly.
/// </summary>
internal static class SharedContent
{
    public static IResult Send(byte[] content, string contentType, EntityTagHeaderValue? tag = null) =>
        Results.Stream(new MemoryStream(content, writable: false), contentType, entityTag: tag);
}
