using System.Runtime.CompilerServices;
using Strata.Api.Tests.Hosting;

namespace Strata.Api.Tests.Described;

/// <summary>
/// Compares each JSON answer that a test of this project gets by <see cref="HttpJson"/> with the schema that the host's /openapi.json has
/// for it. Hosts of one project differ by the modules they serve, so the description of another host is read when an operation is not
/// known.
/// </summary>
internal static class DescribedAnswers
{
    /// <summary>Longer answers are many of what shorter ones have, and would make tests of memory and speed slow.</summary>
    private const int CharactersMax = 1 << 17;

    private static readonly HttpClient Reader = new();
    private static readonly SemaphoreSlim Gate = new(1);
    private static readonly HashSet<Uri> Read = [];
    private static AnswerCheck[] known = [];

    [ModuleInitializer]
    internal static void Begin() => HttpJson.Answered = CheckAsync;

    private static async Task CheckAsync(HttpClient http, HttpRequestMessage request, HttpResponseMessage answer, string body)
    {
        if (body.Length > CharactersMax) return;
        var mediaType = answer.Content.Headers.ContentType?.MediaType;
        if (mediaType?.EndsWith("json", StringComparison.Ordinal) != true || http.BaseAddress is not { } address) return;
        var target = new Uri(address, request.RequestUri!);
        var (method, path) = (request.Method.Method, target.AbsolutePath);
        if (Find(method, path) is not var (check, operation))
        {
            await ReadAsync(address);
            if (Find(method, path) is not var (found, at)) return; // an error without an operation
            (check, operation) = (found, at);
        }
        if (check.Check(operation, (int)answer.StatusCode, mediaType, body) is { } fault)
            Assert.Fail($"{method} {path} is not answered as {operation.Id} is described: {fault}");
    }

    private static (AnswerCheck, AnsweredOperation)? Find(string method, string path)
    {
        foreach (var check in known)
        {
            if (check.Find(method, path) is { } operation) return (check, operation);
        }
        return null;
    }

    private static async Task ReadAsync(Uri address)
    {
        await Gate.WaitAsync();
        try
        {
            if (Read.Add(address)) known = [.. known, AnswerCheck.Parse(await Reader.GetStringAsync(new Uri(address, "/openapi.json")))];
        }
        finally
        {
            Gate.Release();
        }
    }
}
