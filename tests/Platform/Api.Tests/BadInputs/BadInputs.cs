using System.Text;
using System.Text.Json;
using Strata.Api.Tests.Described;

namespace Strata.Api.Tests.BadInputs;

/// <summary>
/// Sends bad inputs to every endpoint that /openapi.json names and tells what was answered with anything but a 4xx that carries a code. The
/// caller compares the log before and after: nothing may have changed.
/// </summary>
/// <param name="known">
/// What to put in paths so that bad bodies reach a real resource: its name by the plural before it (<c>"widgets": "one"</c>), or a value by
/// the parameter (<c>"{modelVersion}": "1"</c>).
/// </param>
public sealed class BadInputs(Uri address, string token, IReadOnlyDictionary<string, string>? known = null)
{
    private const int FailuresMax = 10;

    /// <summary>A well-formed id of nothing.</summary>
    private const string NoSuchName = "no-such-thing";

    private static readonly string[] Methods = ["PROPFIND", "FOO", "TRACE", "OPTIONS", "LINK", "POSTT"];

    private static readonly string[] MediaTypes = ["text/plain", "application/xml", "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x", "application/json; charset=utf-16", "garbage", "*/*", "application/"];

    private readonly List<string> failures = [];
    private readonly SortedDictionary<string, int> codes = new(StringComparer.Ordinal);
    private AnswerCheck check = null!;
    private int sent;

    /// <returns>Failures, each with the request and the answer; empty when all is well.</returns>
    public async Task<BadInputsReport> RunAsync(int perEndpoint, CancellationToken cancellationToken)
    {
        using var http = new HttpClient();
        var text = await http.GetStringAsync(new Uri(address, "/openapi.json"), cancellationToken);
        var description = ApiDescription.Parse(text);
        check = AnswerCheck.Parse(text);
        var endpoints = description.Endpoints;
        for (var i = 0; i < endpoints.Count && failures.Count < FailuresMax; i++)
        {
            using var raw = new RawHttp(address, TimeSpan.FromSeconds(60));
            var random = Seeded.Random(i);
            var bodies = new BadBodies(description, random);
            for (var n = 0; n < perEndpoint && failures.Count < FailuresMax; n++)
                await SendAsync(raw, Make(endpoints[i], bodies, random), cancellationToken);
        }
        return new BadInputsReport(endpoints.Count, sent, failures, codes);
    }

    private BadRequest Make(DescribedEndpoint endpoint, BadBodies bodies, Random random)
    {
        var hasPath = endpoint.In("path").Any();
        var queries = endpoint.In("query").ToArray();
        var choices = new List<Func<BadRequest>> { () => Good(endpoint) with { Method = Methods[random.Next(Methods.Length)] } };
        if (endpoint.Permission is not null) choices.Add(() => Good(endpoint) with { Token = BadToken(random) });
        if (hasPath) choices.AddRange(Enumerable.Repeat(() => WithBadPath(endpoint, random), 4));
        if (queries.Length > 0) choices.AddRange(Enumerable.Repeat(() => WithBadQuery(endpoint, queries, random), 4));
        if (endpoint.Parameters.Any(p => p is { In: "header", Name: "If-Match" }))
            choices.Add(() => Good(endpoint).With("If-Match", BadTag(random)));
        if (endpoint.Parameters.Any(p => p is { In: "header", Name: "Idempotency-Key" }))
            choices.Add(() => Good(endpoint).With("Idempotency-Key", BadKey(random)));
        if (endpoint.IsJson) choices.AddRange(Enumerable.Repeat(() => WithBadBody(endpoint, bodies, random), 6));
        return choices[random.Next(choices.Count)]();
    }

    /// <summary>The request with nothing wrong yet but that it names nothing that exists, where no known name is given.</summary>
    private BadRequest Good(DescribedEndpoint endpoint)
    {
        var path = endpoint.Path;
        foreach (var parameter in endpoint.In("path")) path = path.Replace($"{{{parameter.Name}}}", NoSuchName, StringComparison.Ordinal);
        return new BadRequest(endpoint.Method, path, token, endpoint.IsJson ? "{}"u8.ToArray() : null, endpoint.MediaType);
    }

    private BadRequest WithBadPath(DescribedEndpoint endpoint, Random random)
    {
        var parameters = endpoint.In("path").ToArray();
        var bad = parameters[random.Next(parameters.Length)].Name;
        var path = endpoint.Path;
        foreach (var parameter in parameters)
            path = path.Replace(
                $"{{{parameter.Name}}}", parameter.Name == bad ? BadText.Segment(random) : NoSuchName, StringComparison.Ordinal);
        return Good(endpoint) with { Target = path };
    }

    private BadRequest WithBadQuery(DescribedEndpoint endpoint, DescribedParameter[] queries, Random random)
    {
        var good = Good(endpoint);
        var parameter = queries[random.Next(queries.Length)];
        var query = random.Next(4) switch
        {
            0 => $"no-such-parameter={BadText.QueryValue(random)}",
            1 when !IsList(parameter) => $"{parameter.Name}=a&{parameter.Name}=b",
            _ => $"{parameter.Name}={BadValue(parameter, random)}",
        };
        return good with { Target = $"{good.Target}?{query}" };
    }

    private static bool IsList(DescribedParameter parameter) => parameter.Schema["type"]?.GetValue<string>() == "array";

    /// <summary>Draws until the value is not one that the schema allows.</summary>
    private static string BadValue(DescribedParameter parameter, Random random)
    {
        while (true)
        {
            var value = BadText.QueryValue(random);
            var plain = Uri.UnescapeDataString(value);
            var isGood = parameter.Schema["type"]?.GetValue<string>() switch
            {
                "integer" => long.TryParse(plain, out var number)
                    && number >= (parameter.Schema["minimum"]?.GetValue<long>() ?? long.MinValue)
                    && number <= (parameter.Schema["maximum"]?.GetValue<long>() ?? long.MaxValue),
                "boolean" => plain is "true" or "false",
                "array" => plain.Length > 0 && !plain.Any(c => char.IsControl(c) || c == '\uFFFD') && !plain.Split(',').Contains(""),
                _ => false,
            };
            if (!isGood) return value;
        }
    }

    private BadRequest WithBadBody(DescribedEndpoint endpoint, BadBodies bodies, Random random)
    {
        var request = Good(endpoint) with { Target = RealPath(endpoint) };
        return random.Next(10) switch
        {
            0 => request with { ContentType = MediaTypes[random.Next(MediaTypes.Length)], Body = "{\"a\":1}"u8.ToArray() },
            1 => request with { ContentType = null, Body = "{\"a\":1}"u8.ToArray() },
            2 => (request with { Body = "{\"a\":1}"u8.ToArray() }).With("Content-Encoding", "gzip"),
            3 when random.Next(20) == 0 => request with { Body = Huge(11 * 1024 * 1024) },
            _ => request with { Body = bodies.Make(endpoint) },
        };
    }

    private string RealPath(DescribedEndpoint endpoint)
    {
        var segments = endpoint.Path.Split('/');
        for (var i = 1; i < segments.Length; i++)
        {
            if (!segments[i].StartsWith('{')) continue;
            segments[i] = known?.GetValueOrDefault(segments[i]) ?? known?.GetValueOrDefault(segments[i - 1]) ?? NoSuchName;
        }
        return string.Join('/', segments);
    }

    private string BadToken(Random random) => random.Next(6) switch
    {
        0 => "",
        1 => "garbage",
        2 => token[..^1] + (token[^1] == 'A' ? 'B' : 'A'),
        3 => token + "x",
        4 => token.ToUpperInvariant(),
        _ => "stk_" + new string('0', 26) + "_" + new string('0', 26) + "_" + new string('A', 43),
    };

    private static string BadTag(Random random) =>
        random.Next(5) switch { 0 => "abc", 1 => "W/\"1\"", 2 => "\"1\", \"2\"", 3 => "\"-5\"", _ => "\"\"" };

    private static string BadKey(Random random) => random.Next(3) switch { 0 => "a b", 1 => new string('k', 201), _ => "k\u00e9y" };

    private static byte[] Huge(int bytes)
    {
        var body = new byte[bytes];
        Array.Fill(body, (byte)'a');
        return [.. "{\"name\":\""u8, .. body, .. "\"}"u8];
    }

    private async Task SendAsync(RawHttp raw, BadRequest request, CancellationToken cancellationToken)
    {
        sent++;
        try
        {
            var answer = await raw.SendAsync(request.Head(), request.Body, cancellationToken);
            Count(answer);
            if (Fault(request, answer) is { } fault) failures.Add($"{fault}: {request} -> {answer.Status} {Shorten(answer.Body)}");
        }
        catch (Exception e)
            when (e is IOException or System.Net.Sockets.SocketException or OperationCanceledException
                && !cancellationToken.IsCancellationRequested)
        {
            raw.Dispose();
            failures.Add($"no answer ({e.Message}): {request}");
        }
    }

    private void Count(RawAnswer answer)
    {
        var code = answer.Body.Length == 0 ? "none"
            : System.Text.RegularExpressions.Regex.Match(answer.Body, "\"(?:code|errorCode)\":\"([A-Z_]+)\"").Groups[1].Value;
        var key = $"{answer.Status} {code}";
        codes[key] = codes.GetValueOrDefault(key) + 1;
    }

    private static string Shorten(string text) => text.Length <= 300 ? text : text[..300] + "…";

    private string? Fault(BadRequest request, RawAnswer answer)
    {
        if (answer.Status is < 400 or > 499) return "not refused";
        if (request.Method == "HEAD") return null; // its answer has no room for an explanation
        // What is not even HTTP is refused by the HTTP parser, which knows no codes.
        if (answer.Body.Length == 0) return answer.Status is 400 or 414 or 431 && answer.Closes ? null : "no explanation";
        try
        {
            using var problem = JsonDocument.Parse(answer.Body);
            return HasCode(problem.RootElement) ? TypeFault(request, problem.RootElement) ?? check.CheckProblem(answer.Body) : "no code";
        }
        catch (JsonException)
        {
            return "not a problem";
        }
    }

    /// <summary>
    /// The entity API's contract has no address of its own for an error; everywhere else the code is documented on the server.
    /// </summary>
    private static string? TypeFault(BadRequest request, JsonElement problem)
    {
        var isEntityApi = request.Target.StartsWith("/api/", StringComparison.Ordinal)
            && !request.Target.StartsWith("/api/v1", StringComparison.Ordinal);
        var type = problem.GetProperty("type").GetString();
        if (isEntityApi || type == "/docs/errors/" + problem.GetProperty("code").GetString()) return null;
        return "an error that is not documented";
    }

    private static bool HasCode(JsonElement problem) => problem.TryGetProperty("code", out _);

    private sealed record BadRequest(string Method, string Target, string Token, byte[]? Body, string? ContentType)
    {
        private List<(string Name, string Value)> Headers { get; init; } = [];

        public BadRequest With(string name, string value) => this with { Headers = [.. Headers, (name, value)] };

        public byte[] Head()
        {
            var head = new StringBuilder($"{Method} {Target} HTTP/1.1");
            if (Token.Length > 0) head.Append($"\r\nAuthorization: Bearer {Token}");
            if (ContentType is not null && Body is not null) head.Append($"\r\nContent-Type: {ContentType}");
            foreach (var (name, value) in Headers) head.Append($"\r\n{name}: {value}");
            return Encoding.Latin1.GetBytes(head.ToString());
        }

        public override string ToString()
        {
            var body = Body is null ? "" : Encoding.Latin1.GetString(Body.AsSpan(0, Math.Min(Body.Length, 200)));
            return $"{Method} {Target} [{ContentType}] {string.Join(' ', Headers)} {body}";
        }
    }
}

/// <summary>What came of a run.</summary>
/// <param name="Answers">How often each status with its code was answered: that the inputs reached what they were meant for.</param>
public sealed record BadInputsReport(int Endpoints, int Sent, IReadOnlyList<string> Failures, IReadOnlyDictionary<string, int> Answers)
{
    public override string ToString() =>
        $"STRATA_SEED={Seeded.Seed}: {Sent} bad inputs to {Endpoints} endpoints, {Failures.Count} failures; {string.Join(", ", Answers.Select(a => $"{a.Value} × {a.Key}"))}\n{string.Join('\n', Failures)}";
}
